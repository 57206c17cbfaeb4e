# The id or name of the account:
terraform import signoz_service_account_keys_exclusive.payments payments
