import { ConfigurationError, type OAuthLoginOptions } from '@agent-prompt-train/core'
import type { OAuthSettings } from './environment.js'
import { nameVariable } from './name-variable.js'

const VARIABLES = new Map([
  ['authorizeUrl', 'OAUTH_AUTHORIZE_URL'],
  ['tokenUrl', 'OAUTH_TOKEN_URL'],
  ['upstream', 'CLAUDE_API_BASE_URL'],
])

/** What a login cannot be made without, each with an example. */
const NEEDED = {
  authorizeUrl: ['OAUTH_AUTHORIZE_URL', 'the page where you agree', 'https://platform.claude.com/oauth/authorize'],
  tokenUrl: ['OAUTH_TOKEN_URL', 'where the code is exchanged', 'https://platform.claude.com/v1/oauth/token'],
  clientId: ['OAUTH_CLIENT_ID', 'the id of your OAuth client', '2f1c0a7e-5d3b-4c8e-9a61-0b7d4e2f8c15'],
} as const

/**
 * What a login is made with.
 *
 * @throws ConfigurationError that names every variable that is missing, with what it is
 */
export function toLoginOptions({ redirectUri, scopes, ...settings }: OAuthSettings): OAuthLoginOptions {
  const { authorizeUrl, tokenUrl, clientId } = settings
  if (authorizeUrl !== null && tokenUrl !== null && clientId !== null) {
    return { authorizeUrl, tokenUrl, clientId, ...(redirectUri !== null && { redirectUri }), scopes }
  }
  const missing = (['authorizeUrl', 'tokenUrl', 'clientId'] as const).filter((name) => settings[name] === null)
  const lines = missing.map((name) => {
    const [variable, what, example] = NEEDED[name]
    return `\n  ${variable.padEnd(19)}  ${what}, such as ${example}`
  })
  throw new ConfigurationError(
    missing.map((name) => NEEDED[name][0]).join(', '),
    `${missing.length === 1 ? 'is' : 'are'} not set, and a login needs:${lines.join('')}\n` +
      'Where they come from: docs/oauth.md, "Logging in"',
  )
}

/** The error to tell in place of one of the core's OAuth functions: it names the variable in place of the option. */
export function nameOAuthVariable(error: unknown): unknown {
  return nameVariable(error, VARIABLES)
}
