/** Random secrets made of letters alone, by how name and value are written, and the same names in code and prose. */
import { BASE62, type Source } from './masking-generator.js'

/** A text with a secret that only its place gives away. */
export interface WordCase {
  readonly form: keyof typeof forms
  readonly secret: string
  readonly text: string
}

const LOWER = BASE62.slice(0, 26)
const LETTERS = BASE62.slice(0, 52)
const WORDS =
  'hunter letmein swordfish dragon monkey summer prod deploy keyboard orchard lantern granite supersecret staging battery'.split(
    ' ',
  )

const joined = (source: Source, count: number): string =>
  Array.from({ length: count }, () => source.pick(WORDS)).join('-')

const plainValues: ReadonlyArray<(source: Source) => string> = [
  (source) => source.text(LOWER, 8),
  (source) => source.text(LOWER, 20),
  (source) => source.pick(WORDS) + source.pick(WORDS),
  (source) => joined(source, 2),
  (source) => joined(source, 3),
]
const anyValues = [
  ...plainValues,
  (source: Source) => source.text(LETTERS, 24),
  (source: Source) => `${source.text(LOWER, 10)}.${source.text(LOWER, 8)}`,
]
const bearerValues = [
  (source: Source) => source.text(LOWER, 24),
  (source: Source) => joined(source, 3),
  (source: Source) => `${source.text(LOWER, 10)}.${source.text(LOWER, 8)}`,
]

/** Where a line may stand without losing that it is one. */
const lines: ReadonlyArray<(text: string) => string> = [
  (text) => text,
  (text) => `line: one\n${text}\nline: three`,
  (text) => `host: h\r\n${text}\r\naccept: */*\r\n\r\n`,
  (text) => JSON.stringify({ line: text }),
  (text) => JSON.stringify({ outer: JSON.stringify({ inner: `${text}\nline: two` }) }),
  (text) => `curl -s -H '${text}' https://api.example.com`,
  (text) => `[2026-01-02T03:04:05Z] INFO "${text}" 200`,
]
const anywhere = [...lines, (text: string) => `before ${text} after`, (text: string) => `日本語 ${text} です`]

const settings = ['api_key', 'apiKey', 'client_secret', 'clientSecret', 'access_token', 'jwt_secret', 'smtp.password']
const forms = {
  header: {
    names: ['x-api-key', 'X-Api-Key', 'X-Auth-Token', 'api-key', 'Ocp-Apim-Subscription-Key', 'PRIVATE-TOKEN'],
    frames: ['{n}: {v}', '{n}:{v}'],
    values: anyValues,
    wrappings: lines,
  },
  environment: {
    names: ['API_KEY', 'DB_PASSWORD', 'JWT_SECRET', 'GITHUB_TOKEN'],
    frames: ['{n}={v}', 'export {n}={v}', 'docker run -e {n}={v} image'],
    values: anyValues,
    wrappings: anywhere,
  },
  'environment map': {
    names: ['API_KEY', 'DB_PASSWORD', 'JWT_SECRET', 'GITHUB_TOKEN'],
    frames: ['{n}: {v}', '  {n}: {v}'],
    values: plainValues,
    wrappings: lines,
  },
  property: { names: settings, frames: ['{n}={v}', '  {n}={v}'], values: plainValues, wrappings: lines },
  entry: { names: settings, frames: ['{n}: {v}', '  - {n}: {v}'], values: plainValues, wrappings: lines },
  query: {
    names: settings,
    frames: ['https://h.example.com/x?{n}={v}', 'a=1&{n}={v}&b=2'],
    values: anyValues,
    wrappings: anywhere,
  },
  field: { names: settings, frames: ['level=info {n}={v} ip=::1'], values: plainValues, wrappings: anywhere },
  quoted: { names: settings, frames: ['{"{n}":"{v}"}', '{n} = "{v}"'], values: anyValues, wrappings: lines },
  option: { names: ['api-key', 'client-secret'], frames: ['run --{n} {v}'], values: plainValues, wrappings: anywhere },
  authorization: {
    names: ['Authorization', 'authorization'],
    frames: ['{n}: Bearer {v}', '{n}: token {v}'],
    values: anyValues,
    wrappings: anywhere,
  },
  bearer: { names: ['Bearer', 'bearer'], frames: ['{n} {v}'], values: bearerValues, wrappings: anywhere },
} as const

/** One text of every name, frame, value and wrapping of each form. */
export function* generateWords(source: Source): Generator<WordCase> {
  for (const [form, { names, frames, values, wrappings }] of Object.entries(forms)) {
    for (const name of names)
      for (const frame of frames)
        for (const value of values) {
          const secret = value(source)
          const line = frame.replace('{n}', name).replace('{v}', secret)
          for (const wrap of wrappings) yield { form: form as WordCase['form'], secret, text: wrap(line) }
        }
  }
}

const SECRETS =
  'apiKey api_key accessToken access_token clientSecret client_secret authToken refresh_token jwtSecret'.split(' ')
const STATES = 'required missing invalid revoked expired rotated present unused string optional'.split(' ')
const TYPES = 'string SecretStr ApiKeySource TokenProvider AccessTokenPayload Sensitive String'.split(' ')

/** The names of secrets in code, documents, specifications and messages that hold none. */
export function generateNames(source: Source): string[] {
  const name = source.pick(SECRETS)
  const type = source.pick(TYPES)
  const state = source.pick(STATES)
  const word = source.text(LOWER, 9)
  return [
    `const ${name} = ${word}`,
    `${name} = ${word}`,
    `${name} = ${word}.${name}`,
    `let ${name}: ${type} = await ${word}()`,
    `this.${name} = options.${name} ?? ${word}`,
    `return {\n  ${name}: ${word}\n}`,
    `return { ${name}: ${word}, port }`,
    `interface Options {\n  ${name}: ${type}\n  ${name}Name?: ${type}\n}`,
    `class Settings(BaseSettings):\n    ${name}: ${type}\n    port: int`,
    `client = Client(${name}=${word}, port=port)`,
    `client = Client(\n    ${name}=${word},\n    port=port,\n)`,
    `client = Client(\n    ${name}=${word}\n)`,
    `func New(${name} string, ${word} int) *Client {`,
    `fn new(${name}: ${type}) -> Self {`,
    `if (${name} !== ${word}) throw new Error('${name} ${state}')`,
    `${name} = var.${word}`,
    `variable "${name}" {\n  type = string\n}`,
    `${name}:\n  type: string\n  description: The ${word} of the account`,
    `"${name}": { "type": "string", "description": "The ${word}" }`,
    `${name}: ${state}`,
    `- ${name}: the ${word} of the account`,
    `Args:\n    ${name}: ${word} of the account.`,
    `:param ${name}: ${word} of the account`,
    `| ${name} | ${type} | the ${word} |`,
    `error: ${name} is ${state}`,
    `the ${name} of ${word} is ${state}`,
    `x-api-key: ${state}`,
    `x-api-key: ${word} of the account`,
    `Authorization: Bearer <${name}>`,
    `Bearer tokens of ${word} are ${state}`,
    `the bearer ${word} is ${state}`,
    `secretName: ${word}\nexistingSecret: ${word}`,
  ]
}
