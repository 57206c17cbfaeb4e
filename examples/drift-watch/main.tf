# Looks at all service accounts and keys and complains; changes nothing. For a
# scheduled job: see README.md.

terraform {
  required_version = ">= 1.5"

  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

# SIGNOZ_ENDPOINT and SIGNOZ_API_KEY.
provider "signoz" {}

module "inventory" {
  source = "./inventory"
}

locals {
  warn_at   = timeadd(plantimestamp(), var.warn_before)
  unused_at = timeadd(plantimestamp(), "-${var.unused_after}")

  expiring = sort([
    for key in module.inventory.keys : "${key.label} (${key.expires_at})"
    if key.expires_at == null ? false : !key.expired && timecmp(key.expires_at, local.warn_at) <= 0
  ])
  # Keys that were replaced with a grace period stay listed when it is over.
  expired = var.expired_after == null ? [] : sort([
    for key in module.inventory.keys : key.label
    if key.expired ? timecmp(key.expires_at, timeadd(plantimestamp(), "-${var.expired_after}")) < 0 : false
  ])
  unlimited = sort([for key in module.inventory.keys : key.label if key.expires_at == null && !contains(var.may_never_expire, key.label)])
  unused = sort([
    for key in module.inventory.keys : key.label
    if !key.expired && timecmp(coalesce(key.last_used_at, key.created_at), local.unused_at) < 0
  ])
  strangers = var.known_accounts == null ? [] : sort(setsubtract(keys(module.inventory.accounts), var.known_accounts))
}

check "no_key_expires_soon" {
  assert {
    condition     = length(local.expiring) == 0
    error_message = "Expire within ${var.warn_before}: ${join(", ", local.expiring)}."
  }
}

check "no_expired_key_is_left" {
  assert {
    condition     = length(local.expired) == 0
    error_message = "Have expired and should be revoked or extended: ${join(", ", local.expired)}."
  }
}

check "every_key_expires" {
  assert {
    condition     = length(local.unlimited) == 0
    error_message = "Never expire: ${join(", ", local.unlimited)}."
  }
}

check "every_key_is_used" {
  assert {
    condition     = length(local.unused) == 0
    error_message = "Not used for ${var.unused_after}: ${join(", ", local.unused)}."
  }
}

check "no_unknown_account" {
  assert {
    condition     = length(local.strangers) == 0
    error_message = "Accounts that nobody declared: ${join(", ", local.strangers)}."
  }
}
