// The shapes of the registry's answers: manifests and reports, as far as the page reads them. Every
// member of a report may be missing: one that another version wrote, or that could not be read.

import type { Hits } from './board';

export type Alias = 'champion' | 'challenger';

export interface Member {
  readonly kind: string;
  readonly weight?: number;
  readonly threshold?: number;
}

export interface TrainingData {
  readonly from?: string;
  readonly to?: string;
  readonly rows?: number;
  readonly frauds?: number;
}

export interface Manifest {
  readonly members?: readonly Member[];
  readonly threshold?: number;
  readonly decline_threshold?: number;
  readonly threshold_choice?: string;
  readonly trained_at?: string;
  readonly training_seconds?: number;
  readonly data?: TrainingData;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly features?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface ModelEntry {
  readonly name: string;
  readonly version: string;
  readonly aliases: readonly Alias[];
  readonly manifest?: Manifest;
  /** In place of a manifest that cannot be read. */
  readonly error?: string;
}

/** Counts at a threshold, and what follows from them. */
export interface AtThreshold {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly accuracy: number;
  readonly true_positives: number;
  readonly false_positives: number;
  readonly false_negatives: number;
  readonly true_negatives: number;
}

export interface ReliabilityBin {
  readonly mean_score: number;
  readonly observed: number;
  readonly low: number;
  readonly high: number;
  readonly rows: number;
}

export interface Report {
  readonly judged?: TrainingData;
  readonly threshold?: number;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly at_threshold?: AtThreshold;
  readonly balanced?: AtThreshold;
  readonly precision_recall?: {
    readonly recall: readonly number[];
    readonly precision: readonly number[];
  };
  readonly roc?: {
    readonly false_positive_rate: readonly number[];
    readonly true_positive_rate: readonly number[];
  };
  readonly cost?: {
    readonly review_cost: number;
    readonly without_model: number;
    readonly at_threshold: number;
    readonly least: number;
    readonly least_threshold: number;
    readonly threshold: readonly number[];
    readonly cost: readonly number[];
  };
  readonly reliability?: { readonly by_width: readonly ReliabilityBin[] };
  /** Counts in bins of equal width from 0 to 1. */
  readonly scores?: { readonly frauds: readonly number[]; readonly others: readonly number[] };
  readonly importance?: readonly { readonly feature: string; readonly mean_contribution: number }[];
  readonly shap?: {
    readonly features: readonly string[];
    /** By transaction, then by feature. */
    readonly values: readonly (readonly (number | null)[])[];
    readonly contributions: readonly (readonly (number | null)[])[];
  };
  readonly training_curve?: readonly {
    readonly metric: string;
    readonly step: readonly number[];
    readonly value: readonly number[];
  }[];
  readonly layers?: readonly {
    readonly name: string;
    readonly inputs: number;
    readonly outputs: number;
    readonly parameters: number;
  }[];
}

export interface ModelShown extends ModelEntry {
  readonly report: Report | null;
}

export interface ModelComparison {
  readonly models: readonly ModelEntry[];
  readonly metrics: Readonly<Record<string, readonly (number | null)[]>>;
  /** Those that differ. */
  readonly parameters: Readonly<Record<string, readonly (string | null)[]>>;
}

export interface ModelChange {
  readonly name: string;
  readonly alias: Alias;
  readonly from: string | null;
  readonly to: string | null;
}

export interface LiveHits extends Hits {
  readonly alerts: number;
}

type Version = Pick<ModelEntry, 'name' | 'version'>;

/** How the challenger differs from the champion on the same transactions. */
export interface LiveComparison {
  readonly champion: Version;
  readonly challenger: Version;
  /** What the challenger has not seen yet. */
  readonly lag_events: number;
  readonly comparison: {
    readonly transactions: number;
    readonly agreement: number | null;
    readonly score_difference: { readonly mean: number; readonly max: number };
    readonly champion: LiveHits;
    readonly challenger: LiveHits;
  };
}
