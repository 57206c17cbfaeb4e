# keys/terragrunt.hcl. The accounts are another unit, whose output ids isn't known before its first apply.
dependency "accounts" {
  config_path = "../accounts"

  mock_outputs = {
    ids = { ci = "00000000-0000-0000-0000-000000000000" }
  }
  mock_outputs_allowed_terraform_commands = ["validate", "plan"]
}

inputs = {
  account_id = dependency.accounts.outputs.ids["ci"]
}
