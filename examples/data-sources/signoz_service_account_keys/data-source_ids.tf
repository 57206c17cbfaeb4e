# Changes when a key is created, renamed or revoked, and not each time one is used.
output "key_ids" {
  value = { for k in data.signoz_service_account_keys.audited.keys : k.name => k.id }
}
