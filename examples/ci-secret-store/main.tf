# A rotating key, delivered to AWS Secrets Manager and to GitHub Actions.

terraform {
  required_version = ">= 1.11" # write-only arguments

  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90"
    }
    github = {
      source  = "integrations/github"
      version = ">= 6.6"
    }
  }
}

# SIGNOZ_ENDPOINT and SIGNOZ_API_KEY.
provider "signoz" {}

provider "aws" {}

provider "github" {}

resource "signoz_service_account" "ci" {
  name  = var.name
  roles = var.roles
}

resource "signoz_service_account_key" "ci" {
  service_account_id   = signoz_service_account.ci.id
  name_prefix          = "${var.name}-"
  valid_for            = "30d"
  rotate_before        = "10d"
  destroy_grace_period = "1d" # longer than the longest job, and than any cache of the secret

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  # A write-only argument is sent when its version changes, so the version must
  # follow the key: a number made from the key's id.
  key_version = parseint(substr(sha256(signoz_service_account_key.ci.id), 0, 7), 16)
}

resource "aws_secretsmanager_secret" "signoz" {
  name        = "${var.name}/signoz-api-key"
  description = "Key of the SigNoz service account ${var.name}"
}

resource "aws_secretsmanager_secret_version" "signoz" {
  secret_id                = aws_secretsmanager_secret.signoz.id
  secret_string_wo         = signoz_service_account_key.ci.key
  secret_string_wo_version = local.key_version
}

# The GitHub provider has no write-only argument: the value is in the state twice.
resource "github_actions_secret" "signoz" {
  for_each = var.repositories

  repository      = each.value
  secret_name     = "SIGNOZ_API_KEY"
  plaintext_value = signoz_service_account_key.ci.key
}
