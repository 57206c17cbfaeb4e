# Warns in every plan from 14 days before a key expires.
check "keys_live_on" {
  assert {
    condition = alltrue([
      for k in data.signoz_service_account_keys.audited.keys :
      k.expires_at == null ? true : timecmp(k.expires_at, timeadd(plantimestamp(), "336h")) > 0
    ])
    error_message = "A key of ${data.signoz_service_account.audited.name} expires within 14 days."
  }
}
