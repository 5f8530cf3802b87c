import { toObject } from './json-members.js'

/** Characters of a token: about four of prose, fewer of code and JSON. */
const CHARACTERS_PER_TOKEN = 3.5

/** The output tokens that the content of an answer comes to, by the length of its texts: an answer that broke off reports none. */
export function estimateTokens(content: readonly unknown[]): number {
  let characters = 0
  for (const block of content) {
    const { text, thinking, input } = toObject(block) ?? {}
    for (const part of [text, thinking]) if (typeof part === 'string') characters += part.length
    if (input !== undefined) characters += JSON.stringify(input).length
  }
  return Math.ceil(characters / CHARACTERS_PER_TOKEN)
}
