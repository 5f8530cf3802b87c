import { ConfigurationError, type Credential, isCredentialText, neverRefreshed, Secret } from '@agent-prompt-train/core'
import * as z from 'zod'
import type { Given } from '../commands.js'
import { assertNoFederation, toFederation } from '../federation-options.js'
import { askHidden, askLine, isInteractive, RefusedError, readAll } from '../prompt.js'
import { describeKeeping, withStores } from '../stores.js'
import { UsageError } from '../usage-error.js'

const secret = z
  .string()
  .trim()
  .refine((text) => text !== '', 'is empty')
  .refine(isCredentialText, 'has spaces, line breaks or other characters that no credential has')
  .refine(
    (text) => !/^cnp_(?:live|test)_/.test(text),
    'is a client key: the credential for the Anthropic API is wanted',
  )
  .transform((text) => new Secret(text))
const apiKey = secret.refine(
  (key) => !key.expose().startsWith('sk-ant-oat01-'),
  'looks like an OAuth token: use --type oauth',
)
const oauth = z.strictObject({
  access_token: secret,
  refresh_token: secret.optional(),
  expires_at: z.iso
    .datetime({ offset: true, error: 'is not an ISO date such as 2027-03-31T12:00:00Z' })
    .transform((text) => Date.parse(text))
    .optional(),
})

/** `prompt-train credentials add`: stores the credential of a domain, sealed where there is a key ring. */
export async function run({ flags: { replace, json }, values }: Given): Promise<void> {
  const { domain, type = 'api_key' } = values
  const read = toReader(type, values)
  await withStores(
    async ({ places, placeOf }) => {
      const place = await placeOf(domain!)
      const kept = describeKeeping(place, type !== 'federation')
      const { credentials } = place
      if (!replace && (await credentials.find(domain!)) !== null) throw taken(domain!)
      const credential = await read()
      let replaced: Credential['type'] | null = null
      await credentials.update(domain!, (current) => {
        if (current !== null && !replace) throw taken(domain!)
        replaced = current?.type ?? null
        return credential
      })
      const sealedWith = place.keyRing?.current ?? null
      if (json) {
        process.stdout.write(`${JSON.stringify({ domain, type, sealedWith, storedIn: place.name, replaced })}\n`)
        return
      }
      const instead = replaced === null || replaced === type ? '' : `, in place of its ${replaced} credential`
      process.stdout.write(`Stored the ${type} credential of ${domain} ${kept}${instead}.\n`)
      const keys = (await Promise.all(places.map(({ clientKeys }) => clientKeys.list(domain)))).flat()
      if (keys.some(({ revokedAt }) => revokedAt === null)) return
      process.stdout.write(`What to do next: prompt-train keys create --domain ${domain}\n`)
    },
    { makeFolder: true },
  )
}

function toReader(type: string, values: Given['values']): () => Promise<Credential> {
  if (type === 'federation') {
    const credential = toFederation(values)
    return async () => credential
  }
  assertNoFederation(values)
  if (type === 'api_key') return readApiKey
  if (type === 'oauth') return readOAuth
  throw new UsageError('option "--type" is api_key, oauth or federation', 'prompt-train credentials add')
}

async function readApiKey(): Promise<Credential> {
  const text = isInteractive() ? await askHidden('API key (not shown)') : await readAll()
  const key = check(apiKey, text, 'the API key')
  if (!key.expose().startsWith('sk-ant-')) process.stderr.write(NOT_ANTHROPIC)
  return { type: 'api_key', apiKey: key }
}

const NOT_ANTHROPIC =
  'prompt-train: warning: the API key does not begin with sk-ant- as keys of the Anthropic API do: is it the right one?\n'

async function readOAuth(): Promise<Credential> {
  const given = check(oauth, isInteractive() ? await askOAuth() : parse(await readAll()), 'standard input')
  return {
    type: 'oauth',
    accessToken: given.access_token,
    refreshToken: given.refresh_token ?? null,
    expiresAt: given.expires_at ?? null,
    refresh: neverRefreshed,
  }
}

async function askOAuth(): Promise<object> {
  const access_token = await askHidden('Access token (not shown)')
  const refresh_token = await askHidden('Refresh token (not shown; empty for none)')
  const expires_at = await askLine('Expires at, as an ISO date (empty where it is not known)')
  return { access_token, ...(refresh_token !== '' && { refresh_token }), ...(expires_at !== '' && { expires_at }) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text.
    throw new ConfigurationError('standard input', 'is not JSON: { "access_token", "refresh_token", "expires_at" }')
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const { issues } = parsed.error
  const unknown = issues.find(({ code }) => code === 'unrecognized_keys')
  const first = issues.find((issue) => issue !== unknown) ?? issues[0]!
  // The right field is often among those that do not belong, misspelt.
  const told = unknown === undefined || unknown === first ? [first] : [first, unknown]
  throw new ConfigurationError(
    [name, ...first.path].join('.'),
    told.map((issue) => toProblem(issue, value)).join(', and '),
  )
}

function toProblem(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'unrecognized_keys')
    return `has ${issue.keys.map(toShowable).join(', ')}, which does not belong there`
  if (issue.code !== 'invalid_type') return issue.message
  const isMissing = issue.path.length > 0 && (value as Record<PropertyKey, unknown>)[issue.path[0]!] === undefined
  return isMissing ? 'is missing' : `must be ${issue.expected === 'string' ? 'text' : 'a JSON object'}`
}

/** A field's name, unless it may be a secret that slipped into the place of a name. */
function toShowable(name: string): string {
  return /^[a-z_]{1,32}$/.test(name) ? name : 'a field with an unusual name'
}

function taken(domain: string): RefusedError {
  return new RefusedError(`${domain} has a credential: --replace puts another one in its place`)
}
