import { ConfigurationError } from '@agent-prompt-train/core'
import { nameVariable } from './name-variable.js'

const VARIABLES = new Map([
  ['authorizeUrl', 'OAUTH_AUTHORIZE_URL'],
  ['tokenUrl', 'OAUTH_TOKEN_URL'],
  ['upstream', 'CLAUDE_API_BASE_URL'],
])

/**
 * The value of a variable that `oauth login` cannot do without.
 *
 * @throws ConfigurationError that names it, when it is not set
 */
export function requireSetting(variable: string, value: string | null): string {
  if (value !== null) return value
  throw new ConfigurationError(variable, 'is not set: docs/oauth.md says what a login is made with')
}

/** The error to tell in place of one of the core's OAuth functions: it names the variable in place of the option. */
export function nameOAuthVariable(error: unknown): unknown {
  return nameVariable(error, VARIABLES)
}
