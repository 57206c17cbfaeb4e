data "signoz_me" "current" {}

output "signed_in_as" {
  value = "${data.signoz_me.current.name} (${join(", ", data.signoz_me.current.roles)})"
}
