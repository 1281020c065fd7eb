#!/usr/bin/env python3
"""Make the nightly gate's CloudFormation template of its policies: run without arguments.

The policies are written once, in examples/nightly/iam; the template holds them because
CloudFormation reads one file.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NIGHTLY_PATH = Path(__file__).parents[1] / "examples" / "nightly"
TEMPLATE_PATH = NIGHTLY_PATH / "cloudformation" / "template.yaml"
# What CloudFormation calls the placeholders that it fills by itself.
_PSEUDO = {"${AccountId}": "${AWS::AccountId}", "${Region}": "${AWS::Region}"}
_INDENT = "  "

_HEAD = """\
# Made by scripts/make_cloudformation.py of the policies in ../iam; change those.
AWSTemplateFormatVersion: "2010-09-09"
Description: Roles and policies of the nightly CodeArtifact gate

Parameters:
  Prefix:
    Description: What the names of all that a run makes begin with (--codeartifact-prefix)
    Type: String
    Default: pca
    AllowedPattern: "[a-z][a-z0-9]{1,11}"
  Trust:
    Description: Who takes the roles
    Type: String
    Default: github
    AllowedValues: [github, gitlab, codebuild]
  RunnerSubject:
    Description: Who exactly takes the runner's role (sub of the token, or name of the project)
    Type: String
    AllowedPattern: "[^*?]+"
  SweeperSubject:
    Description: Who exactly takes the sweeper's role (sub of the token, or name of the project)
    Type: String
    AllowedPattern: "[^*?]+"
  CreateProvider:
    Description: Whether to make the OIDC provider (an account has at most one of each issuer)
    Type: String
    Default: "yes"
    AllowedValues: ["yes", "no"]

Conditions:
  ByGitHub:
    Fn::Equals: [{Ref: Trust}, github]
  ByGitLab:
    Fn::Equals: [{Ref: Trust}, gitlab]
  ByCodeBuild:
    Fn::Equals: [{Ref: Trust}, codebuild]
  NeedsProvider:
    Fn::And:
      - Fn::Equals: [{Ref: CreateProvider}, "yes"]
      - Fn::Not: [{Condition: ByCodeBuild}]

Resources:
  Provider:
    Type: AWS::IAM::OIDCProvider
    Condition: NeedsProvider
    Properties:
      Url:
        Fn::If: [ByGitHub, https://token.actions.githubusercontent.com, https://gitlab.com]
      ClientIdList: [sts.amazonaws.com]
"""

_POLICY = """\
  {resource}Policy:
    Type: AWS::IAM::ManagedPolicy{condition}
    Properties:
      ManagedPolicyName: {{Fn::Sub: "${{Prefix}}-{name}"}}
      Description: {description}
      PolicyDocument:
{document}
"""

_ROLE = """\
  {resource}Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {{Fn::Sub: "${{Prefix}}-{name}"}}
      MaxSessionDuration: 3600
      # Says whom the role trusts, and lets it wait for the provider where that is made, too.
      Tags:
        - Key: trusts
          Value:
            Fn::If: [NeedsProvider, {{Ref: Provider}}, {{Ref: Trust}}]
      ManagedPolicyArns:
        - {{Ref: {resource}Policy}}
        - Fn::If: [ByCodeBuild, {{Ref: CodeBuildPolicy}}, {{Ref: AWS::NoValue}}]
      AssumeRolePolicyDocument:
        Fn::If:
          - ByGitHub
          -
{github}
          - Fn::If:
              - ByGitLab
              -
{gitlab}
              -
{codebuild}
"""

_OUTPUTS = """\
Outputs:
  Account:
    Description: CODEARTIFACT_ACCOUNT in the variables of the repository
    Value: {Ref: AWS::AccountId}
  RunnerRole:
    Description: CODEARTIFACT_RUNNER_ROLE in the variables of the repository
    Value: {Fn::GetAtt: [RunnerRole, Arn]}
  SweeperRole:
    Description: CODEARTIFACT_SWEEPER_ROLE in the variables of the repository
    Value: {Fn::GetAtt: [SweeperRole, Arn]}
"""

_POLICIES = (
    ("Boundary", "boundary", "build-boundary", "The most that a role may do that a run makes"),
    ("Runner", "runner", "runner", "What a run of the CodeArtifact gate does"),
    ("Sweeper", "sweeper", "sweeper", "What a sweep does after runs of the CodeArtifact gate"),
    ("CodeBuild", "codebuild", "codebuild", "What the projects of the gate need besides"),
)


def template() -> str:
    """The whole template; equal for equal policies."""
    policies = [
        _POLICY.format(
            resource=resource,
            name=name,
            description=description,
            condition="\n    Condition: ByCodeBuild" if resource == "CodeBuild" else "",
            document=_document(file, {}, depth=4),
        )
        for resource, name, file, description in _POLICIES
    ]
    return "\n".join([_HEAD, *policies, _role("Runner"), _role("Sweeper"), _OUTPUTS])


def _role(resource: str) -> str:
    subject = {"${Subject}": f"${{{resource}Subject}}"}
    return _ROLE.format(
        resource=resource,
        name=resource.lower(),
        github=_document("trust-github", subject, depth=6),
        gitlab=_document("trust-gitlab", subject, depth=8),
        codebuild=_document("trust-codebuild", subject, depth=8),
    )


def _document(name: str, others: Mapping[str, str], depth: int) -> str:
    """A policy of the folder as YAML at a depth, with its placeholders as CloudFormation's."""
    text = (NIGHTLY_PATH / "iam" / f"{name}.json").read_text(encoding="utf-8")
    for placeholder, reference in {**_PSEUDO, **others}.items():
        text = text.replace(placeholder, reference)
    return "\n".join(_yaml(json.loads(text), _INDENT * depth))


def _yaml(value: Any, indent: str) -> Iterator[str]:  # noqa: ANN401 -- what JSON holds
    """Lines of YAML; each text in quotes, as `Null` without them is no text."""
    if isinstance(value, dict):
        for key, each in value.items():
            mark = f"{indent}{json.dumps(key)}:"
            if isinstance(each, str):
                yield f"{mark} {_text(each)}"
            else:
                yield mark
                yield from _yaml(each, indent + _INDENT)
        return
    for each in value:
        first, *more = (
            [_text(each)] if isinstance(each, str) else list(_yaml(each, indent + _INDENT))
        )
        yield f"{indent}- {first.lstrip()}"
        yield from more


def _text(text: str) -> str:
    quoted = json.dumps(text)
    return f"{{Fn::Sub: {quoted}}}" if "${" in text else quoted


if __name__ == "__main__":
    TEMPLATE_PATH.write_text(template(), encoding="utf-8")
