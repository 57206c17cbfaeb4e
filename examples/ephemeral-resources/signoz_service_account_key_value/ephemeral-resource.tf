# Decrypted in memory, with the identity from SIGNOZ_AGE_IDENTITY or SIGNOZ_AGE_IDENTITY_FILE.
ephemeral "signoz_service_account_key_value" "metrics" {
  encrypted_key = signoz_service_account_key.metrics.encrypted_key

  lifecycle {
    precondition {
      condition     = signoz_service_account_key.metrics.encrypted_key != null
      error_message = "This key was imported, so its value isn't known. Create a new one: terraform apply -replace=signoz_service_account_key.metrics"
    }
  }
}
