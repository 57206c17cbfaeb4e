# One configuration that creates the key with which the rest of it authenticates.
# It applies in one run, on the day that this key rotates too.

terraform {
  required_version = ">= 1.10"

  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

# SIGNOZ_ENDPOINT, and SIGNOZ_API_KEY or SIGNOZ_EMAIL and SIGNOZ_PASSWORD.
provider "signoz" {}

resource "signoz_service_account" "terraform" {
  name  = "terraform-accounts"
  roles = ["signoz-admin"]
}

resource "signoz_service_account_key" "terraform" {
  service_account_id   = signoz_service_account.terraform.id
  name_prefix          = "accounts-"
  valid_for            = "90d"
  rotate_before        = var.rotate_before
  destroy_grace_period = "2d"

  lifecycle {
    create_before_destroy = true
  }
}

# On the day that the key rotates, the value is known only during the apply.
provider "signoz" {
  alias   = "accounts"
  api_key = signoz_service_account_key.terraform.key
}

# Resources need nothing: they are planned from the state then.
resource "signoz_service_account" "collector" {
  provider = signoz.accounts
  name     = "collector"
  roles    = ["signoz-viewer"]
}

# A data source needs depends_on: it waits for the apply where the key changes.
data "signoz_roles" "all" {
  provider   = signoz.accounts
  depends_on = [signoz_service_account_key.terraform]
}

# Terraform ignores depends_on for ephemeral resources. This one waits for the apply if
# one of its arguments is unknown, as this one is whenever the key is.
ephemeral "signoz_service_account_key" "collector" {
  provider           = signoz.accounts
  service_account_id = signoz_service_account_key.terraform.id == null ? null : signoz_service_account.collector.id
}

provider "signoz" {
  alias   = "collector"
  api_key = ephemeral.signoz_service_account_key.collector.key
}

data "signoz_me" "collector" {
  provider   = signoz.collector
  depends_on = [signoz_service_account_key.terraform]
}
