# As ephemeral.signoz_service_account_key.ci.key, until the run ends.
ephemeral "signoz_service_account_key" "ci" {
  service_account_id = signoz_service_account.ci.id
}
