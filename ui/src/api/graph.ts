// The shapes of the service's answers about its graph, as far as the page reads them.

export interface Vertex {
  /** Says nothing of a card's number. */
  readonly id: string;
  readonly kind: 'card' | 'merchant';
  /** Of a card: what can be asked about it by, until the service is started again. */
  readonly ref?: string;
  /** A merchant's name; a card's number, masked but for its last four digits. */
  readonly name: string;
  readonly compromised?: boolean;
  /** In a neighbourhood: how far away. */
  readonly step?: number;
  /** Of compromised cards, 0 to 1. */
  readonly share: number;
}

export interface Pair {
  readonly card: string;
  readonly merchant: string;
  readonly count: number;
  readonly suspicion: number;
}

export interface MerchantEdge {
  readonly time: string;
  readonly amount: number;
  readonly suspicion: number;
  readonly card: string;
  readonly compromised: boolean;
}

export interface CardNeighbourhood {
  readonly vertices: readonly Vertex[];
  readonly pairs: readonly Pair[];
}

export interface MerchantNeighbourhood {
  readonly of: { readonly merchant: string; readonly edges: readonly MerchantEdge[] };
  readonly vertices: readonly Vertex[];
  readonly pairs: readonly Pair[];
}

export interface GraphPath {
  /** Ids, from the start on. */
  readonly vertices: readonly string[];
  readonly pairs: readonly Pair[];
}

export interface Paths {
  readonly vertices: readonly Vertex[];
  readonly paths: readonly GraphPath[];
  /** The bound on the work was met. */
  readonly cut: boolean;
}
