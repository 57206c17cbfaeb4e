import {
  to = signoz_service_account_key.deploy
  id = "deploy/pipeline"
}
