/* Drawing charts by cairo: a page with a title, on it one panel or several one below the other,
 * each with two axes and what is plotted between them. Positions are in the axes' own units; what
 * lies outside an axis' range is not seen. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum { CHART_WIDTH = 1200, CHART_HEIGHT = 800 }; /* pixels */

typedef struct ChartColour {
    double red, green, blue, alpha; /* 0 to 1 */
} ChartColour;

extern const ChartColour chart_blue, chart_red, chart_green, chart_grey, chart_black;

typedef struct ChartAxis {
    const char *label; /* NULL for none */
    double low, high;  /* low < high; of a log axis over 0 */
    bool is_log;
    const char *const *names; /* in place of numbers: name i stands at i + 0.5, and the axis goes
                                 from 0 to their number; on the y axis the first is at the top */
    size_t name_count;
} ChartAxis;

/* A rounder number, so that an axis from 0 to it holds `value`; 1 for what is not over 0. */
double chart_round_up(double value);

typedef struct Chart Chart;

/* `subtitle` may be NULL. The texts are copied. `height` in pixels: CHART_HEIGHT, or more for many
 * panels. */
Chart *chart_new(const char *title, const char *subtitle, int height);
void chart_free(Chart *chart);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chart, chart_free)

/* Begins panel `index` of `count`, in which all that follows is drawn. */
void chart_panel(Chart *chart, int index, int count, const ChartAxis *x, const ChartAxis *y);

typedef struct ChartLine {
    ChartColour colour;
    bool dashed;
    bool filled; /* the area down to the lower end of the y axis is shaded */
} ChartLine;

/* Through n points. */
void chart_line(Chart *chart, const double *x, const double *y, size_t n, ChartLine line);
void chart_segment(Chart *chart, double x0, double y0, double x1, double y1, ChartLine line);
void chart_dot(Chart *chart, double x, double y, double radius, ChartColour colour);
/* A box between two corners. */
void chart_box(Chart *chart, double x0, double y0, double x1, double y1, ChartColour colour);

typedef enum ChartAnchor { CHART_LEFT, CHART_CENTRE, CHART_RIGHT } ChartAnchor;
/* `anchor`: which end of the text stands at x. `size` is in pixels. */
void chart_text(Chart *chart, double x, double y, double size, ChartAnchor anchor,
                ChartColour colour, const char *text);

/* Pixels for one unit of a linear axis. */
double chart_pixels_x(const Chart *chart);
double chart_pixels_y(const Chart *chart);

/* An entry of the panel's legend, in the order of the calls; dots where `line` is NULL. */
void chart_legend(Chart *chart, ChartColour colour, const ChartLine *line, const char *text);

/* Which corner of the panel the legend stands in. */
typedef enum ChartCorner {
    CHART_TOP_LEFT,
    CHART_TOP_RIGHT,
    CHART_BOTTOM_LEFT,
    CHART_BOTTOM_RIGHT
} ChartCorner;
void chart_legend_corner(Chart *chart, ChartCorner corner);

/* Before a panel begins: beside it a bar will tell what colours mean, from `low` at its foot to
 * `high` at its top. The texts are borrowed until the panel's end. */
typedef ChartColour ChartScale(double share); /* of 0 to 1 */
void chart_colour_scale(Chart *chart, ChartScale *scale, const char *label, const char *low,
                        const char *high);

/* Ends the drawing and returns the picture as PNG; NULL with *error in one line. */
GBytes *chart_png(Chart *chart, GError **error);
