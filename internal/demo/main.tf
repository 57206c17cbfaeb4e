terraform {
  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

# The environment says which SigNoz (SIGNOZ_ENDPOINT) and with which key (SIGNOZ_API_KEY).
provider "signoz" {}

variable "account_name" {}
variable "expires_at" {}
variable "rotation" {}

resource "signoz_service_account" "pipeline" {
  name  = var.account_name
  roles = ["signoz-editor"]
}

resource "signoz_service_account_key" "deploy" {
  service_account_id   = signoz_service_account.pipeline.id
  name_prefix          = "deploy-"
  expires_at           = var.expires_at
  rotate_when_changed  = { rotation = var.rotation }
  destroy_grace_period = "2d"

  lifecycle {
    create_before_destroy = true
  }
}

output "api_key" {
  value     = signoz_service_account_key.deploy.key
  sensitive = true
}
