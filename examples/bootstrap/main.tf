# The first account and key of a new SigNoz server: created as a user, used by
# everything else afterwards.

terraform {
  required_version = ">= 1.0"

  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

# Signs in as a user. Each value left null comes from the environment:
# SIGNOZ_ENDPOINT, SIGNOZ_EMAIL, SIGNOZ_PASSWORD.
provider "signoz" {
  endpoint = var.endpoint
  email    = var.email
  password = var.password
}

resource "signoz_service_account" "terraform" {
  name  = var.account_name
  roles = ["signoz-admin"]
}

# A scheduled apply uses this key and rotates it: see README.md.
resource "signoz_service_account_key" "terraform" {
  service_account_id   = signoz_service_account.terraform.id
  name_prefix          = "bootstrap-"
  valid_for            = var.key_valid_for
  rotate_before        = var.key_rotate_before
  destroy_grace_period = "2d"

  lifecycle {
    create_before_destroy = true
  }
}
