import {
  to = signoz_service_account_keys_exclusive.payments
  id = "payments"
}
