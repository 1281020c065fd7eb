terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

locals {
  iam     = "${path.module}/../iam"
  issuers = { github = "token.actions.githubusercontent.com", gitlab = "gitlab.com" }

  # The placeholders of the policies.
  values = {
    AccountId = data.aws_caller_identity.current.account_id
    Region    = var.region
    Prefix    = var.prefix
  }

  trusts = {
    github    = "${local.iam}/trust-github.json"
    gitlab    = "${local.iam}/trust-gitlab.json"
    codebuild = "${local.iam}/trust-codebuild.json"
  }
}

resource "aws_iam_openid_connect_provider" "ci" {
  count = var.create_provider && var.trust != "codebuild" ? 1 : 0

  url            = "https://${local.issuers[var.trust]}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.prefix}-boundary"
  description = "The most that a role may do that a run of the CodeArtifact gate makes"
  policy      = templatefile("${local.iam}/build-boundary.json", local.values)
}

resource "aws_iam_policy" "runner" {
  name        = "${var.prefix}-runner"
  description = "What a run of the CodeArtifact gate does"
  policy      = templatefile("${local.iam}/runner.json", local.values)
}

resource "aws_iam_policy" "sweeper" {
  name        = "${var.prefix}-sweeper"
  description = "What a sweep does after runs of the CodeArtifact gate"
  policy      = templatefile("${local.iam}/sweeper.json", local.values)
}

resource "aws_iam_policy" "codebuild" {
  count = var.trust == "codebuild" ? 1 : 0

  name        = "${var.prefix}-codebuild"
  description = "What the projects of the CodeArtifact gate need besides: logs and reports"
  policy      = templatefile("${local.iam}/codebuild.json", local.values)
}

resource "aws_iam_role" "runner" {
  name                 = "${var.prefix}-runner"
  max_session_duration = 3600

  assume_role_policy = templatefile(
    local.trusts[var.trust], merge(local.values, { Subject = var.runner_subject })
  )

  depends_on = [aws_iam_openid_connect_provider.ci]
}

resource "aws_iam_role" "sweeper" {
  name                 = "${var.prefix}-sweeper"
  max_session_duration = 3600

  assume_role_policy = templatefile(
    local.trusts[var.trust], merge(local.values, { Subject = var.sweeper_subject })
  )

  depends_on = [aws_iam_openid_connect_provider.ci]
}

resource "aws_iam_role_policy_attachment" "runner" {
  role       = aws_iam_role.runner.name
  policy_arn = aws_iam_policy.runner.arn
}

resource "aws_iam_role_policy_attachment" "sweeper" {
  role       = aws_iam_role.sweeper.name
  policy_arn = aws_iam_policy.sweeper.arn
}

resource "aws_iam_role_policy_attachment" "runner_codebuild" {
  count = var.trust == "codebuild" ? 1 : 0

  role       = aws_iam_role.runner.name
  policy_arn = aws_iam_policy.codebuild[0].arn
}

resource "aws_iam_role_policy_attachment" "sweeper_codebuild" {
  count = var.trust == "codebuild" ? 1 : 0

  role       = aws_iam_role.sweeper.name
  policy_arn = aws_iam_policy.codebuild[0].arn
}
