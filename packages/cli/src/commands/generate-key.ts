import { createClientKey } from '@agent-prompt-train/core'
import type { Given } from '../commands.js'

/** `prompt-train auth generate-key`: shows a fresh key and what to do with it. */
export function run({ flags: { json } }: Given): void {
  // The domain is decided by the file that the key or its digest is put into.
  const { key, record } = createClientKey({ domain: 'default' })
  const { keyId, digest } = record
  process.stdout.write(json ? `${JSON.stringify({ key, keyId, digest })}\n` : toText(key, keyId, digest))
}

function toText(key: string, keyId: string, digest: string): string {
  return `Client key  ${key}
Key id      ${keyId}
Digest      ${digest}

The key is shown this once and stored nowhere. What to do next:

1. Give the key to the person or service that will use it. It is sent as
   "Authorization: Bearer <client key>" or as "x-api-key: <client key>".
2. Put its digest into the credential file of their domain, credentials/<domain>.json (mode 600):

   { "type": "api_key", "api_key": "sk-ant-…", "client_api_keys": ["${digest}"] }

   The key itself works there as well, as "client_api_key", but then whoever reads the file can use it.
`
}
