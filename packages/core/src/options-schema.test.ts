import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { optionsSchema } from './options-schema.js'

it.each(Object.keys(optionsSchema.shape))('the documents tell of %s', (option) => {
  const page = readFileSync(new URL('../../../docs/options.md', import.meta.url), 'utf8')
  expect(page).toMatch(new RegExp(`^\\| \`${option}[.\`]`, 'm'))
})
