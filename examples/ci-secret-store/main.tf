# Rotating keys for AWS Secrets Manager and for GitHub Actions. Their values are
# in no state and no plan, except encrypted.

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
      version = ">= 6.12"
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

# AWS: encrypted in the state, decrypted in memory for the write-only argument.

resource "signoz_service_account_key" "aws" {
  service_account_id   = signoz_service_account.ci.id
  name_prefix          = "${var.name}-aws-"
  valid_for            = "30d"
  rotate_before        = "10d"
  destroy_grace_period = "1d" # longer than any cache of the secret

  encrypt_to = {
    age_recipients = var.age_recipients
  }

  lifecycle {
    create_before_destroy = true
  }
}

# SIGNOZ_AGE_IDENTITY or SIGNOZ_AGE_IDENTITY_FILE: the identity of one recipient.
ephemeral "signoz_service_account_key_value" "aws" {
  encrypted_key = signoz_service_account_key.aws.encrypted_key

  lifecycle {
    precondition {
      condition     = signoz_service_account_key.aws.encrypted_key != null
      error_message = "This key was imported, so its value isn't known. Create a new one: terraform apply -replace=signoz_service_account_key.aws"
    }
  }
}

resource "aws_secretsmanager_secret" "signoz" {
  name        = "${var.name}/signoz-api-key"
  description = "Key of the SigNoz service account ${var.name}"
}

resource "aws_secretsmanager_secret_version" "signoz" {
  secret_id        = aws_secretsmanager_secret.signoz.id
  secret_string_wo = ephemeral.signoz_service_account_key_value.aws.key

  # The value is sent when the version changes: a number derived from the key's ID.
  secret_string_wo_version = parseint(substr(sha256(signoz_service_account_key.aws.id), 0, 7), 16)
}

# GitHub: a key for each repository, encrypted so that only GitHub can decrypt it.

data "github_actions_public_key" "repository" {
  for_each = var.repositories

  repository = each.value
}

resource "signoz_service_account_key" "github" {
  for_each = var.repositories

  service_account_id   = signoz_service_account.ci.id
  name_prefix          = "${var.name}-github-"
  valid_for            = "30d"
  rotate_before        = "10d"
  destroy_grace_period = "1d" # longer than the longest job

  encrypt_to = {
    github_public_key = data.github_actions_public_key.repository[each.key].key
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "github_actions_secret" "signoz" {
  for_each = var.repositories

  repository      = each.value
  secret_name     = "SIGNOZ_API_KEY"
  key_id          = data.github_actions_public_key.repository[each.key].key_id
  value_encrypted = signoz_service_account_key.github[each.key].encrypted_key

  lifecycle {
    precondition {
      condition     = signoz_service_account_key.github[each.key].encrypted_key != null
      error_message = "This key was imported, so its value isn't known. Create a new one: terraform apply -replace='signoz_service_account_key.github[\"${each.key}\"]'"
    }
  }
}
