# A pipeline's account with a rotating key, and with no key that isn't declared here.

terraform {
  required_version = ">= 1.3"

  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

variable "pipeline" {
  description = "Name of the pipeline, and of its account."
  type        = string
}

variable "roles" {
  description = "Roles of the pipeline's account."
  type        = set(string)
  default     = ["signoz-editor"]
}

variable "dashboards_account" {
  description = "Name of an account of another team, which is to read what the pipeline sends."
  type        = string
}

data "signoz_me" "terraform" {}

data "signoz_roles" "all" {}

data "signoz_service_accounts" "all" {}

data "signoz_service_account" "dashboards" {
  name = var.dashboards_account
}

resource "signoz_service_account" "pipeline" {
  name  = var.pipeline
  roles = var.roles
}

resource "signoz_service_account_role" "dashboards" {
  service_account_id = data.signoz_service_account.dashboards.id
  role               = "signoz-viewer"
}

resource "signoz_service_account_key" "pipeline" {
  service_account_id   = signoz_service_account.pipeline.id
  name_prefix          = "pipeline-"
  valid_for            = "90d"
  rotate_before        = "30d"
  destroy_grace_period = "2d"

  lifecycle {
    create_before_destroy = true
  }
}

# Ends together with the rotating key.
resource "signoz_service_account_key" "canary" {
  service_account_id = signoz_service_account.pipeline.id
  name               = "canary"
  expires_at         = signoz_service_account_key.pipeline.expires_at
}

resource "signoz_service_account_keys_exclusive" "pipeline" {
  service_account_id = signoz_service_account.pipeline.id
  key_ids            = [signoz_service_account_key.pipeline.id, signoz_service_account_key.canary.id]
}

data "signoz_service_account_keys" "pipeline" {
  service_account_id = signoz_service_account.pipeline.id
  depends_on         = [signoz_service_account_keys_exclusive.pipeline]
}

output "key" {
  value     = signoz_service_account_key.pipeline.key
  sensitive = true
}

output "email" {
  value = signoz_service_account.pipeline.email
}

output "key_expires_at" {
  value = signoz_service_account_key.pipeline.expires_at
}

output "key_names" {
  value = sort([for key in data.signoz_service_account_keys.pipeline.keys : key.name])
}

output "role_names" {
  value = sort([for role in data.signoz_roles.all.roles : role.name])
}

output "account_names" {
  value = sort([for account in data.signoz_service_accounts.all.service_accounts : account.name])
}

output "created_by" {
  value = data.signoz_me.terraform.name
}
