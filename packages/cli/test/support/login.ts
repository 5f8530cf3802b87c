import { printed, promptTrain, type Variables } from './command.js'
import { startHere } from './here.js'
import type { Ended } from './run.js'
import type { TokenEndpoint } from './token-endpoint.js'

export const LOGIN = 'oauth login --domain example.com'

/** What `oauth login` is told by the environment. */
export const toVariables = (endpoint: TokenEndpoint): Variables => ({
  OAUTH_AUTHORIZE_URL: 'https://platform.claude.com/oauth/authorize',
  OAUTH_TOKEN_URL: endpoint.url,
  OAUTH_CLIENT_ID: 'client-1',
})

/**
 * Logs in: pastes what the page would show into the standard input, which stays open, and waits for the end; in this process
 * unless it is to be one of its own.
 */
export async function login(
  folder: string,
  variables: Variables,
  { line = LOGIN, paste = (state: string) => `code-FAKE#${state}`, inProcess = true } = {},
): Promise<Ended & { readonly url: URL }> {
  const command = (inProcess ? startHere : promptTrain)(line.split(' '), variables, folder)
  await printed(command, '\n\nhttps://')
  await printed(command, 'state=')
  const url = new URL(command.output.stdout.match(/^https:.*$/m)![0])
  command.process.stdin.write(`${paste(url.searchParams.get('state')!)}\n`)
  const code = await command.exited
  return { code, ...command.output, url }
}
