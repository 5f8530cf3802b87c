import { createClientKey, createProxy, memoryStorage } from '@agent-prompt-train/core'
import Anthropic from '@anthropic-ai/sdk'
import { expect, it } from 'vitest'
import { anthropicSdk } from './anthropic-sdk.js'
import { describeClient } from './suite.js'

describeClient(
  anthropicSdk('@anthropic-ai/sdk 1', Anthropic, {
    400: 'BadRequestError',
    401: 'AuthenticationError',
    403: 'PermissionDeniedError',
    404: 'NotFoundError',
    413: 'ContentTooLargeError',
    429: 'RateLimitError',
    500: 'InternalServerError',
    529: 'OverloadedError',
  }),
)

it('takes proxy.fetch as it is, and there needs no port', async () => {
  const proxy = createProxy({ storage: memoryStorage() })
  const { key } = createClientKey({ domain: 'unknown.example' })
  const client = new Anthropic({ apiKey: key, baseURL: 'http://in.process', fetch: proxy.fetch })
  await expect(client.models.list()).rejects.toThrow(Anthropic.AuthenticationError)
  await proxy.close()
})
