import {
  to = signoz_service_account_role.shared_viewer
  id = "shared-pipeline/signoz-viewer"
}
