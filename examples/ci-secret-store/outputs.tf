output "secret_arn" {
  description = "ARN of the secret that holds the key."
  value       = aws_secretsmanager_secret.signoz.arn
}

output "key_expires_at" {
  description = "When the present key expires, should nobody run Terraform in time."
  value       = signoz_service_account_key.ci.expires_at
}
