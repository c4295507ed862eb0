/* What the published method lacks and a graph is for. Each scenario is made of purchases that look
 * like their card's own, one by one; only who met whom gives them away.
 *
 * Compromised merchant: within some days a number of cards buy at one merchant, which copies them.
 * In the weeks after, each is used for two to four purchases at a few other merchants, in the
 * holder's own categories, hours and amounts (the higher of two draws).
 *
 * Ring: four to six cards and three merchants; every card buys from one of them every other day
 * for some weeks, at ordinary amounts. Otherwise a card meets a given merchant about once a year.
 *
 * Card testing: five to nine amounts of 1.00 to 3.50 within minutes at one merchant, shared by the
 * cards of a campaign, then one amount of 300 to 900 elsewhere within two hours.
 *
 * Slow drift, no fraud: over months a card takes on another segment's habits and moves up to two
 * degrees away. */
#pragma once

#include "io/generator/simulate.h"

enum { SCENARIO_CARDS_MIN = 50, SCENARIO_DAYS_MIN = 60 }; /* less holds no scenario's shape */

typedef struct ScenarioPlan ScenarioPlan;

/* Chooses the cards, merchants and times. `simulation` is borrowed and must have at least
 * SCENARIO_CARDS_MIN cards and SCENARIO_DAYS_MIN days, of which a shown leap day may be missing. */
ScenarioPlan *scenario_plan_new(const Simulation *simulation);
void scenario_plan_free(ScenarioPlan *plan);

/* The drift of a card, NULL for nearly all. Lives as long as the plan. */
const Drift *scenario_plan_drift(const ScenarioPlan *plan, uint32_t card);

/* The most rows that scenario_plan_add can add. */
size_t scenario_plan_limit(const ScenarioPlan *plan);

/* Adds the rows of all scenarios but the drift, for which `rows` must have room. To be called
 * once. */
void scenario_plan_add(ScenarioPlan *plan, RowList *rows);
