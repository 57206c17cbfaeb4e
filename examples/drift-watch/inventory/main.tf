# All active service accounts and their keys, as plain values.

terraform {
  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

data "signoz_service_accounts" "all" {}

data "signoz_service_account_keys" "each" {
  for_each = local.accounts

  service_account_id = each.value
}

locals {
  accounts = { for a in data.signoz_service_accounts.all.service_accounts : a.name => a.id }
}

output "accounts" {
  description = "Ids of the accounts, by name."
  value       = local.accounts
}

output "keys" {
  description = "All keys, each with the name of its account, and in label the name that people know it by: ACCOUNT/KEY."
  value = flatten([
    for account, found in data.signoz_service_account_keys.each : [
      for key in found.keys : merge(key, { account = account, label = "${account}/${key.name}" })
    ]
  ])
}
