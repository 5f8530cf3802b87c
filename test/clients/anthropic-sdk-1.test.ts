import Anthropic from '@anthropic-ai/sdk'
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
