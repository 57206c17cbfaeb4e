# The first account and key of a SigNoz that has none: made as a user, used by
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

resource "signoz_service_account_key" "terraform" {
  service_account_id = signoz_service_account.terraform.id
  name               = "bootstrap"
  valid_for          = var.key_valid_for
}
