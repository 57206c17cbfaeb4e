data "signoz_service_account" "runner" {
  name = "ci-runner"
}

output "runner_roles" {
  value = data.signoz_service_account.runner.roles
}
