# The keys of a whole fleet, at one request per account.
data "signoz_service_accounts" "fleet" {
  name_regex = "^ci-"
}

data "signoz_service_account_keys" "fleet" {
  for_each = { for a in data.signoz_service_accounts.fleet.service_accounts : a.name => a.id }

  service_account_id = each.value
}

output "fleet_key_expiries" {
  value = {
    for account, found in data.signoz_service_account_keys.fleet : account => {
      for k in found.keys : k.name => k.expires_at
    }
  }
}
