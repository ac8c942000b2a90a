# SPDX-License-Identifier: Apache-2.0
"""Entity types of the sales order item and its schedule lines (API_SALES_ORDER_SRV); notation: `odata.schema`."""

from ..odata.schema import Navigation, entity_set

A_SALES_ORDER_ITEM = entity_set(
    "A_SalesOrderItem",
    navigations=(
        Navigation("to_PricingElement", "A_SalesOrderItemPrElement"),
        Navigation("to_SalesOrder", "A_SalesOrder", to_many=False),
        Navigation("to_ScheduleLine", "A_SalesOrderScheduleLine"),
    ),
    alpha=("SalesOrder", "ReferenceSDDocument"),
    properties="""
SalesOrder                      S10    key upper ro
SalesOrderItem                  S6     key numc text:SalesOrderItemText
HigherLevelItem                 S6     numc
HigherLevelItemUsage            S1     upper ro
SalesOrderItemCategory          S4     upper
SalesOrderItemText              S40
PurchaseOrderByCustomer         S35
PurchaseOrderByShipToParty      S35
UnderlyingPurchaseOrderItem     S6     upper
ExternalItemID                  S40    upper ro
Material                        S40    upper
MaterialByCustomer              S35    upper
PricingDate                     date
PricingReferenceMaterial        S40    upper
BillingPlan                     S10    upper
RequestedQuantity               D15.3  unit:RequestedQuantitySAPUnit
RequestedQuantityUnit           S3     uom
RequestedQuantitySAPUnit        S3     uom
RequestedQuantityISOUnit        S3     upper
OrderQuantityUnit               S3     ro uom
OrderQuantitySAPUnit            S3     ro uom
OrderQuantityISOUnit            S3     upper ro
ConfdDelivQtyInOrderQtyUnit     D15.3  ro unit:OrderQuantitySAPUnit
ItemGrossWeight                 D15.3  ro unit:ItemWeightSAPUnit
ItemNetWeight                   D15.3  ro unit:ItemWeightSAPUnit
ItemWeightUnit                  S3     ro uom
ItemWeightSAPUnit               S3     uom
ItemWeightISOUnit               S3     upper
ItemVolume                      D15.3  ro unit:ItemVolumeSAPUnit
ItemVolumeUnit                  S3     ro uom
ItemVolumeSAPUnit               S3     uom
ItemVolumeISOUnit               S3     upper
OriginallyRequestedMaterial     S40    upper ro
TransactionCurrency             S5     upper ro currency
NetAmount                       D16.3  ro unit:TransactionCurrency
TotalSDDocReferenceStatus       S1     upper ro
SDDocReferenceStatus            S1     upper ro
MaterialSubstitutionReason      S4     upper ro
MaterialGroup                   S9     upper
MaterialPricingGroup            S2     upper
AdditionalMaterialGroup1        S3     upper
AdditionalMaterialGroup2        S3     upper
AdditionalMaterialGroup3        S3     upper
AdditionalMaterialGroup4        S3     upper
AdditionalMaterialGroup5        S3     upper
BillingDocumentDate             date
ContractAccount                 S12    upper
AdditionalValueDays             S2     numc
ServicesRenderedDate            date
Batch                           S10    upper
ProductionPlant                 S4     upper
OriginalPlant                   S4     upper ro
AltvBsdConfSubstitutionStatus   S1     upper ro
StorageLocation                 S4     upper
DeliveryGroup                   S3     numc
ShippingPoint                   S4     upper
ShippingType                    S2     upper
DeliveryPriority                S2     numc
DeliveryDateQuantityIsFixed     bool
DeliveryDateTypeRule            S1     upper
IncotermsClassification         S3     upper
IncotermsTransferLocation       S28
IncotermsLocation1              S70
IncotermsLocation2              S70
TaxAmount                       D14.3  unit:TransactionCurrency
ProductTaxClassification1       S1     upper
ProductTaxClassification2       S1     upper
ProductTaxClassification3       S1     upper
ProductTaxClassification4       S1     upper
ProductTaxClassification5       S1     upper
ProductTaxClassification6       S1     upper
ProductTaxClassification7       S1     upper
ProductTaxClassification8       S1     upper
ProductTaxClassification9       S1     upper
MatlAccountAssignmentGroup      S2     upper
CostAmount                      D14.3  unit:TransactionCurrency
CustomerPaymentTerms            S4     upper
FixedValueDate                  date
CustomerGroup                   S2     upper
SalesDocumentRjcnReason         S2     upper
ItemBillingBlockReason          S2     upper
SlsDocIsRlvtForProofOfDeliv     bool
WBSElement                      S24    numc
ProfitCenter                    S10    upper
AccountingExchangeRate          D9.5
ReferenceSDDocument             S10    upper
ReferenceSDDocumentItem         S6     numc
SDProcessStatus                 S1     upper ro
DeliveryStatus                  S1     upper ro
OrderRelatedBillingStatus       S1     upper ro
Subtotal1Amount                 D14.3  ro unit:TransactionCurrency
Subtotal2Amount                 D14.3  ro unit:TransactionCurrency
Subtotal3Amount                 D14.3  ro unit:TransactionCurrency
Subtotal4Amount                 D14.3  ro unit:TransactionCurrency
Subtotal5Amount                 D14.3  ro unit:TransactionCurrency
Subtotal6Amount                 D14.3  ro unit:TransactionCurrency
""",
)

A_SALES_ORDER_SCHEDULE_LINE = entity_set(
    "A_SalesOrderScheduleLine",
    alpha=("SalesOrder",),
    properties="""
SalesOrder                      S10    key upper ro
SalesOrderItem                  S6     key numc ro
ScheduleLine                    S4     key numc
RequestedDeliveryDate           date
ConfirmedDeliveryDate           date
OrderQuantityUnit               S3     uom
OrderQuantitySAPUnit            S3     uom
OrderQuantityISOUnit            S3     upper
ScheduleLineOrderQuantity       D13.3  unit:OrderQuantitySAPUnit
ConfdOrderQtyByMatlAvailCheck   D13.3  unit:OrderQuantitySAPUnit
DeliveredQtyInOrderQtyUnit      D13.3  unit:OrderQuantitySAPUnit
OpenConfdDelivQtyInOrdQtyUnit   D13.3  unit:OrderQuantitySAPUnit
CorrectedQtyInOrderQtyUnit      D13.3  unit:OrderQuantitySAPUnit
DelivBlockReasonForSchedLine    S2     upper
""",
)
