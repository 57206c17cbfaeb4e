# Reads all service accounts and keys and reports problems; changes nothing. For a
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
    if key.expires_at == null || key.retired ? false : !key.expired && timecmp(key.expires_at, local.warn_at) <= 0
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

  # The key of an ephemeral resource, in this run or another.
  ephemeral = [
    for key in module.inventory.keys : key.label
    if key.expires_at == null || key.expired ? false : can(regex("-[a-z]{12}$", key.name)) && timecmp(key.expires_at, timeadd(plantimestamp(), "24h")) <= 0
  ]
  unknown = var.known_keys == null ? [] : sort([
    for key in module.inventory.keys : "${key.label} (created ${key.created_at}, ${key.last_used_at == null ? "never used" : "last used ${key.last_used_at}"})"
    if !key.retired && !contains(local.ephemeral, key.label) && !anytrue([
      for pattern in concat(lookup(var.known_keys, key.account, []), lookup(var.known_keys, "*", [])) : can(regex("^(?:${pattern})$", key.name))
    ])
  ])
  retired_in_use = var.retired_ends_within == null ? [] : sort([
    for key in module.inventory.keys : "${key.label} (ends ${key.expires_at}, last used ${key.last_used_at})"
    if !key.retired || key.expired || key.last_used_at == null ? false : (
      timecmp(key.expires_at, timeadd(plantimestamp(), var.retired_ends_within)) <= 0 &&
      timecmp(key.last_used_at, timeadd(plantimestamp(), "-${var.in_use_within}")) >= 0
    )
  ])

  # What a key and its retired predecessors have in common: the name without
  # "-retired-" and the random letters.
  families = { for key in module.inventory.keys : key.label => "${key.account}/${replace(replace(key.name, "/-retired-[a-z]{12}$/", ""), "/[a-z]{12}$/", "")}" }
  rotated  = [for key in module.inventory.keys : local.families[key.label] if key.retired]
  new_unused = var.new_unused_after == null ? [] : sort([
    for key in module.inventory.keys : "${key.label} (created ${key.created_at})"
    if key.retired || key.expired || key.last_used_at != null ? false : (
      contains(local.rotated, local.families[key.label]) &&
      timecmp(key.created_at, timeadd(plantimestamp(), "-${var.new_unused_after}")) < 0
    )
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
    error_message = "Accounts that are not declared: ${join(", ", local.strangers)}."
  }
}

check "no_unknown_key" {
  assert {
    condition     = length(local.unknown) == 0
    error_message = "Keys that are not declared: ${join(", ", local.unknown)}."
  }
}

check "no_retired_key_is_in_use" {
  assert {
    condition     = length(local.retired_in_use) == 0
    error_message = "Were replaced, end soon and are still in use: ${join(", ", local.retired_in_use)}."
  }
}

check "every_new_key_is_used" {
  assert {
    condition     = length(local.new_unused) == 0
    error_message = "Took the place of another key and weren't used since: ${join(", ", local.new_unused)}."
  }
}
