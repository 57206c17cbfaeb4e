# ACCOUNT/KEY, each an id or a name:
terraform import signoz_service_account_key.deploy deploy/pipeline
terraform import signoz_service_account_key.deploy 0192a9c2-1234-7abc-8def-0123456789ab/0192a9c2-5678-7abc-8def-0123456789ab
