import { expect, it } from 'vitest'
import { estimateTokens } from './estimate-tokens.js'

it.each([
  ['nothing', [], 0],
  ['text', [{ type: 'text', text: 'x'.repeat(35) }], 10],
  [
    'thinking and text',
    [
      { type: 'thinking', thinking: 'x'.repeat(7) },
      { type: 'text', text: 'x'.repeat(7) },
    ],
    4,
  ],
  ['the input of a tool', [{ type: 'tool_use', input: { a: 'bc' } }], 3],
  ['what is no block', [null, 7, 'x', {}], 0],
])('estimates the tokens of %s', (_, content, tokens) => {
  expect(estimateTokens(content)).toBe(tokens)
})
