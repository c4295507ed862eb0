#include "train/stack.h"

#include <math.h>
#include <string.h>

enum {
    TERMS_MAX = MODEL_MEMBERS_MAX + 1, /* the bias is the last */
    STEPS_MAX = 100,
    HALVINGS_MAX = 30,
};

#define RIDGE      1.0
#define RIDGE_BIAS 1e-6 /* keeps it finite where frauds and others can be told apart for sure */
#define CONVERGED  1e-9 /* relative */

/* The fit of the members that are in use. */
typedef struct Fit {
    const float *margins;
    const uint8_t *is_fraud;
    size_t rows, members;
    size_t used[MODEL_MEMBERS_MAX], terms; /* the members in use, and with the bias */
    double x[TERMS_MAX];                   /* the solution: a weight each, and the bias */
} Fit;

static double ridge(const Fit *fit, size_t term) {
    return term + 1 < fit->terms ? RIDGE : RIDGE_BIAS;
}

static double prior(const Fit *fit, size_t term) {
    return term + 1 < fit->terms ? 1 / (double)fit->members : 0;
}

static double input(const Fit *fit, size_t row, size_t term) {
    return term + 1 < fit->terms ? (double)fit->margins[row * fit->members + fit->used[term]] : 1;
}

static double log_odds(const Fit *fit, const double *x, size_t row) {
    double sum = 0;
    for (size_t t = 0; t < fit->terms; t++)
        sum += x[t] * input(fit, row, t);
    return sum;
}

/* log(1 + exp(z)), without overflow. */
static double softplus(double z) {
    return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
}

static double penalised_loss(const Fit *fit, const double *x) {
    double sum = 0;
    for (size_t row = 0; row < fit->rows; row++) {
        const double z = log_odds(fit, x, row);
        sum += softplus(fit->is_fraud[row] ? -z : z);
    }
    for (size_t t = 0; t < fit->terms; t++) {
        const double off = x[t] - prior(fit, t);
        sum += ridge(fit, t) * off * off / 2;
    }
    return sum;
}

/* Gradient and Hessian (its lower triangle) of the penalised loss. */
static void derive(const Fit *fit, double *gradient, double hessian[TERMS_MAX][TERMS_MAX]) {
    memset(hessian, 0, sizeof(double[TERMS_MAX][TERMS_MAX]));
    for (size_t t = 0; t < fit->terms; t++) {
        gradient[t] = ridge(fit, t) * (fit->x[t] - prior(fit, t));
        hessian[t][t] = ridge(fit, t);
    }
    for (size_t row = 0; row < fit->rows; row++) {
        const double p = 1 / (1 + exp(-log_odds(fit, fit->x, row)));
        for (size_t t = 0; t < fit->terms; t++) {
            const double of_t = input(fit, row, t);
            gradient[t] += (p - fit->is_fraud[row]) * of_t;
            for (size_t u = 0; u <= t; u++)
                hessian[t][u] += p * (1 - p) * of_t * input(fit, row, u);
        }
    }
}

/* Solves A s = b by Cholesky's decomposition, in place; A is positive definite by its ridge. */
static void solve(double a[TERMS_MAX][TERMS_MAX], double *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (size_t k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            a[i][j] = i == j ? sqrt(MAX(sum, RIDGE_BIAS)) : sum / a[j][j];
        }
        for (size_t k = 0; k < i; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= a[k][i] * b[k];
        b[i] /= a[i][i];
    }
}

/* One step of Newton's, halved until it helps; whether it did. */
static bool step(Fit *fit, double *loss) {
    double direction[TERMS_MAX], hessian[TERMS_MAX][TERMS_MAX], next[TERMS_MAX];
    derive(fit, direction, hessian);
    solve(hessian, direction, fit->terms);
    for (int halving = 0; halving < HALVINGS_MAX; halving++) {
        for (size_t t = 0; t < fit->terms; t++)
            next[t] = fit->x[t] - ldexp(direction[t], -halving);
        const double found = penalised_loss(fit, next);
        if (!(found < *loss)) continue;
        const bool goes_on = *loss - found > CONVERGED * *loss;
        *loss = found;
        memcpy(fit->x, next, sizeof next);
        return goes_on;
    }
    return false;
}

static void minimise(Fit *fit) {
    for (size_t t = 0; t < fit->terms; t++)
        fit->x[t] = prior(fit, t);
    double loss = penalised_loss(fit, fit->x);
    for (int i = 0; i < STEPS_MAX && step(fit, &loss); i++)
        ;
}

/* Takes the member of the most negative weight out; false when there is none. */
static bool drop_worst(Fit *fit) {
    size_t worst = 0;
    for (size_t t = 1; t + 1 < fit->terms; t++)
        if (fit->x[t] < fit->x[worst]) worst = t;
    if (fit->terms < 2 || fit->x[worst] >= 0) return false;
    for (size_t t = worst; t + 2 < fit->terms; t++)
        fit->used[t] = fit->used[t + 1];
    fit->terms--;
    return true;
}

static Stack average(size_t members) {
    Stack stack = {0};
    for (size_t m = 0; m < members; m++)
        stack.weights[m] = 1 / (double)members;
    return stack;
}

Stack stack_fit(const float *margins, const uint8_t *is_fraud, size_t n, size_t members) {
    g_assert(members >= 1 && members <= MODEL_MEMBERS_MAX);
    Fit fit = {.margins = margins,
               .is_fraud = is_fraud,
               .rows = n,
               .members = members,
               .terms = members + 1};
    size_t frauds = 0;
    for (size_t m = 0; m < members; m++)
        fit.used[m] = m;
    for (size_t row = 0; row < n; row++)
        frauds += is_fraud[row];
    if (frauds == 0 || frauds == n) return average(members);
    do
        minimise(&fit);
    while (drop_worst(&fit));
    if (fit.terms == 1) return average(members);
    Stack stack = {0};
    for (size_t t = 0; t + 1 < fit.terms; t++)
        stack.weights[fit.used[t]] = fit.x[t];
    stack.bias = fit.x[fit.terms - 1];
    return stack;
}
