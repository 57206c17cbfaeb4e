output "roles" {
  description = "The roles there are."
  value       = data.signoz_roles.all.roles[*].name
}

output "signed_in_as" {
  description = "The account that the ephemeral key signs in."
  value       = data.signoz_me.collector.name
}
