resource "signoz_service_account" "payments" {
  name  = "payments"
  roles = ["signoz-editor"]
}

resource "signoz_service_account_key" "payments" {
  service_account_id   = signoz_service_account.payments.id
  name_prefix          = "payments-"
  valid_for            = "90d"
  rotate_before        = "30d"
  destroy_grace_period = "48h"

  lifecycle {
    create_before_destroy = true
  }
}

# Any other key of the account appears in the plan, and the apply revokes it.
resource "signoz_service_account_keys_exclusive" "payments" {
  service_account_id = signoz_service_account.payments.id
  key_ids            = [signoz_service_account_key.payments.id]
  tolerated_names    = ["^break-glass$"]
}
