import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createClientKey, Secret } from '@agent-prompt-train/core'
import { expect, it } from 'vitest'
import { credentialFolder } from './support/credential-folder.js'

const page = readFileSync(new URL('../../../docs/credential-files.md', import.meta.url), 'utf8')
const files = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => text!)
const digest = (text: string) => createHash('sha256').update(text).digest('hex')

it('shows files', () => {
  expect(files.length).toBeGreaterThan(6)
})

it.each(files)('%s', (text) => {
  const folder = credentialFolder()
  const filled = text
    .replaceAll('<client key>', createClientKey({ domain: 'example.com' }).key)
    .replaceAll('<digest>', digest('one'))
    .replaceAll('<another digest>', digest('two'))
  folder.write('example.com.json', filled)
  const store = folder.open({ defaultCredential: { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } })
  expect(store.find('example.com')).not.toBeNull()
})
