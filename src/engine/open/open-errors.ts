// Why a bucket could not be opened, in words that name it and say what to do. What the volume meets later has the same
// kinds but a path to go with them; this is only about opening.

import { isStoreError, isVolumeError, VolumeError } from '../../base/errors.ts'
import type { ErrnoCode, StoreErrorKind } from '../../base/errors.ts'
import type { VolumePlan } from './plan.ts'

interface Explanation {
  readonly code: ErrnoCode
  readonly text: (where: string, detail: string) => string
}

const explanations: Readonly<Partial<Record<StoreErrorKind, Explanation>>> = {
  'no-bucket': {
    code: 'ENOENT',
    text: (where, detail) => `${where} does not exist (${detail}); create it, or check its name, endpoint and region`,
  },
  credentials: {
    code: 'EACCES',
    text: (where, detail) =>
      `the credentials for ${where} are missing or refused (${detail}); set the credentials option, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`,
  },
  denied: {
    code: 'EACCES',
    text: (where, detail) =>
      `access to ${where} is denied (${detail}); the credentials need at least s3:ListBucket and s3:GetObject`,
  },
  timeout: {
    code: 'ETIMEDOUT',
    text: (where, detail) => `${where} does not answer (${detail}); check endpoint, network and proxy`,
  },
  unavailable: {
    code: 'EIO',
    text: (where, detail) => `${where} cannot be reached (${detail}); check endpoint, network and proxy`,
  },
  throttled: {
    code: 'EIO',
    text: (where, detail) => `${where} refuses more requests for now (${detail}); try again later`,
  },
  invalid: {
    code: 'EINVAL',
    text: (where, detail) => `${where} cannot be opened (${detail}); check bucket name, endpoint and region`,
  },
  unsupported: { code: 'ENOTSUP', text: (where, detail) => `${where} cannot carry a volume (${detail})` },
  'no-space': { code: 'ENOSPC', text: (where, detail) => `${where} has no space left (${detail})` },
}

/** VolumeErrors and mistakes of the caller pass; a StoreError becomes a VolumeError that explains. */
export function explainOpenFailure(plan: VolumePlan, error: unknown): unknown {
  if (isVolumeError(error) || !isStoreError(error)) return error
  const { code, text } = explanations[error.kind] ?? {
    code: 'EIO' as const,
    text: (where: string, detail: string) => `${where} cannot be opened (${detail})`,
  }
  return new VolumeError(code, { message: text(describeBucket(plan), detailOf(error)), cause: error })
}

function describeBucket({ url, s3, label }: VolumePlan): string {
  if (url.kind !== 's3') return url.kind === 'file' ? `directory ${url.root}` : label
  const at = s3.endpoint ?? (s3.region ? `AWS, region ${s3.region}` : 'AWS')
  return `bucket "${url.bucket}" at ${at}`
}

/** The provider's own words, or those of the system under them. */
function detailOf(error: Error): string {
  const { code } = error as { code?: unknown }
  const { cause } = error
  const system =
    cause instanceof Error && cause.message !== '' && !error.message.includes(cause.message) ? `: ${cause.message}` : ''
  return `${typeof code === 'string' && !error.message.includes(code) ? `${code}: ` : ''}${error.message}${system}`
}
