// Settings of a bucket that this endpoint does not have, answered as S3 answers for a bucket without them. Clients ask
// before they act; a wrong kind of "no" stops them. Changing one is 501.

import type { BucketCall, Reply } from '../call.ts'
import { S3Error, type S3ErrorCode } from '../errors.ts'
import { bucketSettings } from '../sub-resources.ts'
import { element, resultDocument, type Xml } from '../xml/write.ts'

const ownerFields = [element('ID', 'bucketfs'), element('DisplayName', 'bucketfs')]

/** Everything has one owner. */
export const owner: Xml = element('Owner', ownerFields)

const absent: Readonly<Record<string, S3ErrorCode>> = {
  cors: 'NoSuchCORSConfiguration',
  encryption: 'ServerSideEncryptionConfigurationNotFoundError',
  lifecycle: 'NoSuchLifecycleConfiguration',
  'object-lock': 'ObjectLockConfigurationNotFoundError',
  ownershipControls: 'OwnershipControlsNotFoundError',
  policy: 'NoSuchBucketPolicy',
  policyStatus: 'NoSuchBucketPolicy',
  publicAccessBlock: 'NoSuchPublicAccessBlockConfiguration',
  replication: 'ReplicationConfigurationNotFoundError',
  tagging: 'NoSuchTagSet',
  website: 'NoSuchWebsiteConfiguration',
}

const fixed: Readonly<Record<string, string>> = {
  accelerate: resultDocument('AccelerateConfiguration', ''),
  logging: resultDocument('BucketLoggingStatus', ''),
  notification: resultDocument('NotificationConfiguration', ''),
  requestPayment: resultDocument('RequestPaymentConfiguration', [element('Payer', 'BucketOwner')]),
  versioning: resultDocument('VersioningConfiguration', ''),
  acl: aclDocument(),
}

export async function bucketSetting(call: BucketCall): Promise<Reply> {
  const name = bucketSettings.find((setting) => call.target.query.has(setting)) ?? ''
  const code = absent[name]
  if (code !== undefined) throw new S3Error(code, { fields: { BucketName: call.target.bucket } })
  const xml = fixed[name]
  if (xml === undefined) throw new S3Error('NotImplemented')
  return { status: 200, body: { xml } }
}

export async function getObjectAcl(call: BucketCall): Promise<Reply> {
  await call.store.head(call.target.key, { signal: call.signal })
  return { status: 200, body: { xml: aclDocument() } }
}

function aclDocument(): string {
  const grantee = {
    xml: `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${ownerFields.map(({ xml }) => xml).join('')}</Grantee>`,
  }
  const grant = element('Grant', [grantee, element('Permission', 'FULL_CONTROL')])
  return resultDocument('AccessControlPolicy', [owner, element('AccessControlList', [grant])])
}
