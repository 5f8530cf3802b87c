/** How a caller of this server gets in. */
export type Access =
  | { readonly by: 'key-file'; readonly file: string }
  | { readonly by: 'own-key' }
  | { readonly by: 'anyone' }

/** What is worth knowing right after the start. */
export interface Welcome {
  readonly address: string
  readonly upstream: string
  readonly access: Access
  /** Works when pasted into a shell in any folder. */
  readonly curl: string
  /** The same, answered as a stream. */
  readonly curlStream: string
}

const REQUEST = {
  model: 'claude-haiku-5-5',
  max_tokens: 256,
  messages: [{ role: 'user', content: 'Say hello.' }],
}

/** Gathers it. No secret is in it: the shell takes the key from its file. */
export function createWelcome(address: string, upstream: string, access: Access): Welcome {
  return {
    address,
    upstream,
    access,
    curl: toCurl('-sS', address, access, REQUEST),
    curlStream: toCurl('-sSN', address, access, { ...REQUEST, stream: true }),
  }
}

/** The welcome as a block of text. Each curl line stands alone and unindented, for copying. */
export function toWelcomeText({ address, upstream, access, curl, curlStream }: Welcome): string {
  return `
  Agent Prompt Train listens on ${address}

  Upstream    ${upstream}
  Client key  ${describe(access)}

  Try it:

${curl}

  The same as a stream:

${curlStream}

  SDKs and agents: set ANTHROPIC_BASE_URL=${address} and give them the client key as their API key.
  Ctrl-C stops the server.

`
}

function describe(access: Access): string {
  switch (access.by) {
    case 'key-file':
      return `in ${access.file}, made for development`
    case 'own-key':
      return 'one of those in your credential files; the lines below take it from $CLIENT_KEY, so set that first'
    case 'anyone':
      return 'not asked for: ENABLE_CLIENT_AUTH is false'
  }
}

function toCurl(flags: string, address: string, access: Access, body: object): string {
  const headers = [...authorization(access), "'content-type: application/json'", "'anthropic-version: 2023-06-01'"]
  const given = headers.map((header) => `-H ${header}`).join(' ')
  return `curl ${flags} ${address}/v1/messages ${given} -d '${JSON.stringify(body)}'`
}

function authorization(access: Access): string[] {
  switch (access.by) {
    case 'key-file':
      return [`"Authorization: Bearer $(cat ${quote(access.file)})"`]
    case 'own-key':
      return ['"Authorization: Bearer $CLIENT_KEY"']
    case 'anyone':
      return []
  }
}

/** One word of a POSIX shell, whatever it holds. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
