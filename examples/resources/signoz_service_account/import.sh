# By the id of the account, or by its name:
terraform import signoz_service_account.ci 0192a9c2-1234-7abc-8def-0123456789ab
terraform import signoz_service_account.ci ci
