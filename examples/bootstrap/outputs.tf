output "account_id" {
  description = "Id of the account."
  value       = signoz_service_account.terraform.id
}

output "api_key" {
  description = "Key with the role signoz-admin, for SIGNOZ_API_KEY. It is in the state of this configuration."
  value       = signoz_service_account_key.terraform.key
  sensitive   = true
}

output "api_key_expires_at" {
  description = "When the key expires, for the calendar. Null if never."
  value       = signoz_service_account_key.terraform.expires_at
}
