import { resolve } from 'node:path'
import type { FederationCredential } from '@agent-prompt-train/core'
import { UsageError } from './usage-error.js'

/** The options of a federation credential, none of which is a secret. */
export const federationOptions = ['rule', 'organization', 'service-account', 'workspace', 'assertion-file'] as const

const HELP = 'prompt-train credentials add'

/**
 * The federation credential that the options describe.
 *
 * @throws UsageError that names an option that is missing or not an id
 */
export function toFederation(values: Readonly<Record<string, string>>): FederationCredential {
  return {
    type: 'federation',
    federationRuleId: toId(values, 'rule'),
    organizationId: toId(values, 'organization'),
    serviceAccountId: toId(values, 'service-account'),
    workspaceId: values.workspace === undefined ? null : toId(values, 'workspace'),
    // Absolute: whoever reads it may run in another folder.
    assertionFile: resolve(requireValue(values, 'assertion-file')),
  }
}

/** @throws UsageError when an option of a federation credential is given with another type */
export function assertNoFederation(values: Readonly<Record<string, string>>): void {
  const given = federationOptions.find((name) => name in values)
  if (given !== undefined) throw new UsageError(`option "--${given}" needs --type federation`, HELP)
}

function toId(values: Readonly<Record<string, string>>, name: string): string {
  const id = requireValue(values, name)
  if (/^[\w-]{1,128}$/.test(id)) return id
  throw new UsageError(`option "--${name}" is not an id: letters, digits, "_" and "-"`, HELP)
}

function requireValue(values: Readonly<Record<string, string>>, name: string): string {
  const value = values[name]
  if (value !== undefined) return value
  throw new UsageError(`--type federation needs the option "--${name}"`, HELP)
}
