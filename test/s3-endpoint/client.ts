// The real AWS SDK against the embedded server.

import { S3Client, S3ServiceException, type S3ClientConfig } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import type { TestServer } from '../support/s3-server.ts'

export function sdkClient(server: TestServer, config: Partial<S3ClientConfig> = {}): S3Client {
  const { endpoint, credentials, region } = server
  return new S3Client({
    endpoint,
    region,
    credentials: { ...credentials },
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  })
}

/** Expects the call to be refused and gives status and code. */
export async function refused(
  call: Promise<unknown>,
): Promise<{ status: number | undefined; code: string; error: S3ServiceException }> {
  const error = await call.then(
    () => expect.fail('expected a refusal'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof S3ServiceException)) throw error
  return { status: error.$metadata.httpStatusCode, code: error.name, error }
}
