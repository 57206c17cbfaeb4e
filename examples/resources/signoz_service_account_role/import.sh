# ACCOUNT/ROLE: the id or name of the account, and the name of a role that it holds:
terraform import signoz_service_account_role.shared_viewer shared-pipeline/signoz-viewer
