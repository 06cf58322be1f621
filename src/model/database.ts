/** An RDS DB instance (engine postgres). */
export interface Database {
  readonly identifier: string;
  readonly databaseName: string;
  readonly username: string;
  readonly password: string;
  readonly maxConnections: number;
  readonly status: 'creating' | 'available' | 'failed' | 'stopped';
  readonly address?: string;
  readonly port?: number;
  readonly engineVersion?: string;
}
