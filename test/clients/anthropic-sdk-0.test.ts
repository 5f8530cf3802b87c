import Anthropic from 'anthropic-sdk-0'
import { anthropicSdk, type Sdk } from './anthropic-sdk.js'
import { describeClient } from './suite.js'

describeClient(
  anthropicSdk('@anthropic-ai/sdk 0.137', Anthropic as unknown as Sdk, {
    400: 'BadRequestError',
    401: 'AuthenticationError',
    403: 'PermissionDeniedError',
    404: 'NotFoundError',
    413: 'APIError',
    429: 'RateLimitError',
    500: 'InternalServerError',
    529: 'InternalServerError',
  }),
)
