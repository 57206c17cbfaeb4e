import {
  to = signoz_service_account.ci
  id = "ci"
}
