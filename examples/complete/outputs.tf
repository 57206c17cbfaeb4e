output "accounts" {
  description = "Ids of the accounts, by name."
  value       = { for name, account in signoz_service_account.this : name => account.id }
}

output "keys" {
  description = "Values of the keys, by account and key."
  value       = { for name, key in signoz_service_account_key.this : name => key.key }
  sensitive   = true
}

output "key_expiries" {
  description = "When each key expires, if no apply replaces it in time."
  value       = { for name, key in signoz_service_account_key.this : name => key.expires_at }
}
