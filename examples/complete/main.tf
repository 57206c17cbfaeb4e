# A map of teams becomes service accounts with their roles and rotating keys.

terraform {
  required_version = ">= 1.3"

  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

# SIGNOZ_ENDPOINT and SIGNOZ_API_KEY.
provider "signoz" {}

locals {
  # One entry a service of a team: "payments-ci" => { team, roles, keys }.
  accounts = merge([
    for team, services in var.teams : {
      for service, settings in services : "${team}-${service}" => settings
    }
  ]...)

  # One entry a key: "payments-ci/deploy" => { account, key }.
  keys = merge([
    for account, settings in local.accounts : {
      for key in settings.keys : "${account}/${key}" => { account = account, key = key }
    }
  ]...)
}

resource "signoz_service_account" "this" {
  for_each = local.accounts

  name  = each.key
  roles = each.value.roles
}

resource "signoz_service_account_key" "this" {
  for_each = local.keys

  service_account_id   = signoz_service_account.this[each.value.account].id
  name_prefix          = "${each.value.key}-"
  valid_for            = local.accounts[each.value.account].key_valid_for
  rotate_before        = local.accounts[each.value.account].key_rotate_before
  destroy_grace_period = var.key_grace_period

  # The new key is created before the old one is retired.
  lifecycle {
    create_before_destroy = true
  }
}
